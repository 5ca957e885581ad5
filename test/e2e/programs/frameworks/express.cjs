const express = require('express');
const apps = require('./apps.cjs');

apps.express(express);
