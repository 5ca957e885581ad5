const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');
const apps = require('./apps.cjs');

apps.ws(createServer, WebSocketServer);
