// To be bundled, with Express and Sonde in it.
import express from 'express';
import { start } from 'sonde';
import apps from './frameworks/apps.cjs';

start();
apps.express(express);
