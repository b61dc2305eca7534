/**
 * Something is wrong with the user's data or settings. The message is one line a user can act on:
 * which file, what is wrong, what to do. The command line prints it without a stack trace.
 */
export class DataError extends Error {
  override name = "DataError";
}
