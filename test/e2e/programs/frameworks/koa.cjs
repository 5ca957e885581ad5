const Koa = require('koa');
const Router = require('@koa/router');
const apps = require('./apps.cjs');

apps.koa(Koa, Router);
