import { serve } from '@hono/node-server';
import { tracing } from '@sonde/http/hono';
import { Hono } from 'hono';
import apps from './apps.cjs';

apps.hono(Hono, serve, tracing);
