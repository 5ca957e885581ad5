require('reflect-metadata');
const common = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { ExpressAdapter } = require('@nestjs/platform-express');
const apps = require('./apps.cjs');

apps.nest({ ...common, NestFactory }, ExpressAdapter);
