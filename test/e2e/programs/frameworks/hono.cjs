const { serve } = require('@hono/node-server');
const { Hono } = require('hono');
const apps = require('./apps.cjs');

apps.hono(Hono, serve);
