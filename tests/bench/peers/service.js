// @godaddy/terminus over node:http, in one process, with clients that the application shares.

const http = require('node:http');
const { createTerminus } = require('@godaddy/terminus');
const { Pool } = require('pg');
const { createClient } = require('redis');

const [host, port] = process.env.HEALTH_BENCH_POSTGRES.split(':');
const url = `http://${process.env.HEALTH_BENCH_HTTP}/`;

async function main() {
  const database = new Pool({ host, port: Number(port), user: 'postgres', database: 'postgres', max: 10 });
  const cache = createClient({ url: `redis://${process.env.HEALTH_BENCH_REDIS}/` });
  await cache.connect();

  const ready = async () => {
    await Promise.all([
      database.query('SELECT 1'),
      cache.ping(),
      fetch(url).then(async (answer) => {
        await answer.arrayBuffer();
        if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      }),
    ]);
  };

  const server = http.createServer((request, response) => response.end());
  createTerminus(server, { healthChecks: { '/health/ready': ready } });
  server.listen(0, '127.0.0.1', () => {
    const { address, port } = server.address();
    process.stdout.write(`${address}:${port}\n`);
  });
  process.stdin.resume().on('end', () => process.exit(0));
}

main();
