const { serve } = require('@hono/node-server');
const { tracing } = require('@sonde/http/hono');
const { Hono } = require('hono');
const apps = require('./apps.cjs');

apps.hono(Hono, serve, tracing);
