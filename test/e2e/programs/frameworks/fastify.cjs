const fastify = require('fastify');
const apps = require('./apps.cjs');

apps.fastify(fastify);
