import express from 'express';
import apps from './apps.cjs';

apps.express(express);
