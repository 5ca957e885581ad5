// What the pages can do beyond being read. Every one of them works without it.
import './copy.js';
import './keys.js';
import './live.js';
