import { jsonSchema } from '../schema/schema.ts';
import { FORMS } from './form.ts';
import { PLACES } from './places.ts';
import type { AssetRoute } from './route.ts';

/** `/debug/schema.json`: what the JSON forms of all pages are made of. Written out when somebody asks. */
export const schemaRoute: AssetRoute = {
  ...PLACES.schema,
  type: FORMS.json.type,
  get body() {
    return `${JSON.stringify(jsonSchema(), null, 2)}\n`;
  },
};
