/** Everything of the browser-safe index, and what needs Node's files, streams and workers. */
export * from './index'
