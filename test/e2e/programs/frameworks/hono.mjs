import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import apps from './apps.cjs';

apps.hono(Hono, serve);
