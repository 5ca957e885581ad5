import Router from '@koa/router';
import Koa from 'koa';
import apps from './apps.cjs';

apps.koa(Koa, Router);
