/** The program of a worker's process; started by the supervisor, never by hand. */
import { startServer } from '../server.js'
import { runWorker } from '../worker.js'

await runWorker(startServer)
process.exit()
