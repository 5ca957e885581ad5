import { fastify } from 'fastify';
import apps from './apps.cjs';

apps.fastify(fastify);
