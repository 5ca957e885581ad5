// npm run build: packages/*/dist
import { build } from './workspace.mjs';

await build();
