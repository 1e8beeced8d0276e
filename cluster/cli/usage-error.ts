/** Usage error: the command line asks for something that cannot be; the message says what would work. */
export class UsageError extends Error {}
