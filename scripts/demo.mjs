// npm run demo [-- --once]: the shop of examples/shop, from a fresh clone.
import { build } from './workspace.mjs';

await build();
await import('../examples/shop/shop.js');
