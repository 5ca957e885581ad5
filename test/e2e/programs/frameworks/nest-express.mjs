import 'reflect-metadata';
import * as common from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import apps from './apps.cjs';

apps.nest({ ...common, NestFactory }, ExpressAdapter);
