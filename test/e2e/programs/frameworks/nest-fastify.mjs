import 'reflect-metadata';
import * as common from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import apps from './apps.cjs';

apps.nest({ ...common, NestFactory }, FastifyAdapter);
