// Makes so many spans and comes to its end. With a last word of its own.
import { withSpan } from '@sonde/core';

const count = Number(process.argv[2] ?? 1);
for (let i = 0; i < count; i++) withSpan(`step ${i}`, () => {});
console.log('the script is done');
