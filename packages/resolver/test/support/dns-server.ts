/** A DNS server on the loopback for tests, UDP and TCP on one port. It answers what its zone says and counts questions. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server as TcpServer } from 'node:net';
import packet, { type Answer, type Packet, type Question } from 'dns-packet';
import { onTestFinished } from 'vitest';

const RCODES = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

/** What a name answers: records, a failure, or nothing at all. */
export type ZoneEntry = readonly Answer[] | keyof typeof RCODES | 'silence';

export interface SrvData {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
}

/** What is asked: `SRV _grpc._tcp.echo.test`. */
function questionOf(query: Packet): string | undefined {
  const question: Question | undefined = query.questions?.[0];
  return question && `${question.type} ${question.name.toLowerCase()}`;
}

export class DnsServer {
  readonly address: string;
  readonly #zone = new Map<string, ZoneEntry>();
  readonly #delays = new Map<string, number>();
  #open = true;
  readonly #waiting = new Set<{ readonly key: string; readonly seen: () => void }>();
  /** Questions so far, `SRV _grpc._tcp.echo.test` and `tcp SRV …`. */
  readonly questions: string[] = [];
  /** The ports that have asked over UDP. */
  readonly peers = new Set<number>();

  private constructor(udp: UdpSocket, tcp: TcpServer) {
    this.address = `127.0.0.1:${udp.address().port}`;
    udp.on('message', (message, peer) => {
      this.peers.add(peer.port);
      const query = packet.decode(message);
      const answer = this.#answer(query, '', 1232);
      if (answer === undefined) return;
      const send = (): void => {
        if (this.#open) udp.send(answer, peer.port, peer.address);
      };
      const delay = this.#delays.get(questionOf(query) ?? '');
      if (delay === undefined) send();
      else setTimeout(send, delay);
    });
    udp.once('close', () => {
      this.#open = false;
    });
    tcp.on('connection', (socket) => {
      let received = Buffer.alloc(0);
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
          const length = 2 + received.readUInt16BE();
          const answer = this.#answer(packet.decode(received.subarray(2, length)), 'tcp ', 65_535);
          received = received.subarray(length);
          if (answer === undefined) continue;
          const prefix = Buffer.alloc(2);
          prefix.writeUInt16BE(answer.length);
          socket.write(Buffer.concat([prefix, answer]));
        }
      });
    });
  }

  static async start(): Promise<DnsServer> {
    for (let attempt = 0; ; attempt += 1) {
      const udp = createSocket('udp4');
      await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
      const tcp = createServer();
      try {
        await new Promise<void>((resolve, reject) => {
          tcp.once('error', reject).listen(udp.address().port, '127.0.0.1', resolve);
        });
      } catch (error) {
        udp.close();
        if (attempt === 20) throw error;
        continue;
      }
      const sockets = new Set<{ destroy(): void }>();
      tcp.on('connection', (socket) => sockets.add(socket));
      onTestFinished(() => {
        udp.close();
        tcp.close();
        for (const socket of sockets) socket.destroy();
      });
      return new DnsServer(udp, tcp);
    }
  }

  /** Sets what a question gets. */
  set(type: string, name: string, entry: ZoneEntry): void {
    this.#zone.set(`${type} ${name.toLowerCase()}`, entry);
  }

  /** Makes a question's answers over UDP take their time. */
  delay(question: string, milliseconds: number): void {
    this.#delays.set(question, milliseconds);
  }

  setSrv(name: string, records: readonly SrvData[]): void {
    this.set(
      'SRV',
      name,
      records.map((data) => ({ type: 'SRV', name, ttl: 1, data: { weight: 0, priority: 0, ...data } })),
    );
  }

  /** Sets the addresses of a host; a family without any answers NOERROR and nothing. */
  setHost(name: string, addresses: readonly string[]): void {
    const of = (type: 'A' | 'AAAA', list: readonly string[]): readonly Answer[] =>
      list.map((data) => ({ type, name, ttl: 1, data }));
    this.set(
      'AAAA',
      name,
      of(
        'AAAA',
        addresses.filter((address) => address.includes(':')),
      ),
    );
    this.set(
      'A',
      name,
      of(
        'A',
        addresses.filter((address) => !address.includes(':')),
      ),
    );
  }

  setTxt(name: string, ...strings: string[]): void {
    this.set('TXT', name, [{ type: 'TXT', name, ttl: 1, data: strings }]);
  }

  count(question: string): number {
    return this.questions.filter((asked) => asked === question).length;
  }

  /** Resolves at the next such question. */
  asked(question: string): Promise<void> {
    return new Promise((resolve) => {
      const waiter = { key: question, seen: resolve };
      this.#waiting.add(waiter);
    });
  }

  #answer(query: Packet, transport: string, limit: number): Buffer | undefined {
    const question: Question | undefined = query.questions?.[0];
    const key = questionOf(query);
    if (question === undefined || key === undefined) return undefined;
    this.questions.push(transport + key);
    for (const waiter of this.#waiting) {
      if (waiter.key !== key) continue;
      this.#waiting.delete(waiter);
      waiter.seen();
    }
    const entry = this.#zone.get(key) ?? 'NXDOMAIN';
    if (entry === 'silence') return undefined;
    const reply: Packet = {
      type: 'response',
      questions: [question],
      ...(query.id === undefined ? {} : { id: query.id }),
    };
    const flags = packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE;
    if (typeof entry === 'string') return packet.encode({ ...reply, flags: flags | RCODES[entry] });
    const whole = packet.encode({ ...reply, flags, answers: [...entry] });
    return whole.length <= limit
      ? whole
      : packet.encode({ ...reply, flags: flags | packet.TRUNCATED_RESPONSE });
  }
}
