// What is between the browser and a service: a wire that keeps every byte, and a reverse proxy.
import { createServer, connect } from 'node:net';
import { createServer as createHttpServer, request as askFor } from 'node:http';

const listen = (server) => new Promise((done) => { server.listen(0, '127.0.0.1', () => done(server.address().port)); });

/** Passes bytes on, keeps those that the browser is sent, and can freeze or be cut. */
export class Wire {
  static async to(port) {
    const wire = Object.assign(new Wire(), { target: port, kept: [], pairs: new Set(), frozen: false });
    wire.server = createServer((near) => wire.#join(near));
    wire.port = await listen(wire.server);
    return wire;
  }
  #join(near) {
    const far = connect(this.target, '127.0.0.1');
    const pair = { near, far };
    this.pairs.add(pair);
    const end = () => { near.destroy(); far.destroy(); this.pairs.delete(pair); };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    near.on('data', (bytes) => { if (!this.frozen) far.write(bytes); });
    far.on('data', (bytes) => { if (!this.frozen) { this.kept.push(bytes); near.write(bytes); } });
  }
  /** All that the browser was sent. */
  text() { return Buffer.concat(this.kept).toString('utf8'); }
  /** How often this was sent. */
  count(text) { return this.text().split(text).length - 1; }
  /** Connections stay, and nothing comes or goes: what is sent meanwhile is lost with them. */
  freeze() { this.frozen = true; }
  thaw() { this.frozen = false; this.cut(); }
  cut() { for (const { near, far } of this.pairs) { near.destroy(); far.destroy(); } }
  close() { this.cut(); this.server.close(); }
}

/** Has the service below a prefix that it knows nothing of. */
export class ReverseProxy {
  static async to(port, prefix) {
    const proxy = Object.assign(new ReverseProxy(), { paths: [] });
    proxy.server = createHttpServer((request, response) => {
      proxy.paths.push(request.url);
      if (!request.url.startsWith(`${prefix}/`)) { response.writeHead(404).end(); return; }
      const { method, headers } = request;
      const further = askFor({ host: '127.0.0.1', port, method, headers, path: request.url.slice(prefix.length) }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      further.on('error', () => response.destroy());
      response.on('close', () => further.destroy());
      request.pipe(further);
    });
    proxy.port = await listen(proxy.server);
    return proxy;
  }
  close() { this.server.closeAllConnections(); this.server.close(); }
}
