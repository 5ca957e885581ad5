require('reflect-metadata');
const common = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { FastifyAdapter } = require('@nestjs/platform-fastify');
const apps = require('./apps.cjs');

apps.nest({ ...common, NestFactory }, FastifyAdapter);
