/** Of this package; a test compares it with the manifest, which is not read at a start. */
export const VERSION = '0.0.0';
