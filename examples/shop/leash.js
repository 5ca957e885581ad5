// Preloaded into each service: when the process that started it is gone, the service goes too.
process.once('disconnect', () => process.exit());
process.channel?.unref();
