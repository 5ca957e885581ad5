import { jsonSchema } from '../schema/schema.ts';
import { FORMS } from './form.ts';
import type { AssetRoute } from './route.ts';

/** `/debug/schema.json`: what the JSON forms of all pages are made of. Written out when somebody asks. */
export const schemaRoute: AssetRoute = {
  path: '/schema.json',
  type: FORMS.json.type,
  get body() {
    return `${JSON.stringify(jsonSchema(), null, 2)}\n`;
  },
};
