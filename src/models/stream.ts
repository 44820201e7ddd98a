/** The page's one socket: connects, keeps order, and comes back after a loss. */
import { Signal } from '@lumino/signaling';

import { readFrame } from '../codec';
import type { Frame } from '../codec';
import { RefusedError } from '../requests';
import type { Requests } from '../requests';
import { PROTOCOL } from '../tokens';
import type { Connection } from '../tokens';

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

/** Said by the client. */
export type Message =
  | { type: 'watch' | 'unwatch'; project: string }
  | { type: 'subscribe' | 'unsubscribe' | 'snapshot'; project: string; run: string }
  | { type: 'draw'; kernel: string }
  | { type: 'visible'; visible: boolean }
  | { type: 'rate'; rate: number };

/** What the stream needs of requests: a test gives it its own. */
export type IStreamServer = Pick<Requests, 'socket' | 'status'>;

/**
 * A socket that comes back. It asks the status before each connect: that tells a server
 * without our half from one that is only away, and renews cookies.
 */
export class Stream {
  constructor(private readonly _server: IStreamServer) {}

  /** A frame has come; frames are handled one after the other. */
  onFrame: (frame: Frame) => Promise<void> = async () => undefined;
  /** The socket is open: say again what is wanted. */
  onOpen: () => void = () => undefined;
  /** The socket is gone. */
  onLost: () => void = () => undefined;

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get connection(): Connection {
    return this._connection;
  }
  /** When a frame came last, in milliseconds. */
  get heard(): number {
    return this._heard;
  }

  /** Connect if that has not begun. */
  start(): void {
    if (this._connection === 'idle') {
      this._set('connecting');
      void this._connect();
    }
  }

  /** Try now, not when the wait is over. */
  retry(): void {
    if (this._connection === 'open' || this._disposed) {
      return;
    }
    window.clearTimeout(this._timer);
    this._wait = FIRST_WAIT;
    void this._connect();
  }

  /** Say something, if there is somebody to hear it. */
  send(message: Message): void {
    if (this._socket?.readyState === 1) {
      this._socket.send(JSON.stringify(message));
    }
  }

  dispose(): void {
    this._disposed = true;
    window.clearTimeout(this._timer);
    this._socket?.close();
    Signal.clearData(this);
  }

  private async _connect(): Promise<void> {
    const round = ++this._round;
    try {
      const status = await this._server.status();
      if (this._disposed || round !== this._round) {
        return;
      }
      if (status.protocol !== PROTOCOL) {
        this._set('older');
        return;
      }
    } catch (error) {
      if (round === this._round) {
        this._failed(error);
      }
      return;
    }
    this._open();
  }

  private _failed(error: unknown): void {
    // 404: this server has no such half, and none will come without a restart.
    if (error instanceof RefusedError && error.status === 404) {
      this._set('missing');
      this._later(LONGEST_WAIT);
      return;
    }
    this._set('lost');
    this._later();
  }

  private _open(): void {
    const socket = this._server.socket();
    this._socket = socket;
    socket.onopen = () => {
      this._wait = FIRST_WAIT;
      this._heard = Date.now();
      this._set('open');
      this.send({ type: 'visible', visible: !document.hidden });
      this.onOpen();
    };
    // A snapshot is inflated in its own time; what comes after it must wait its turn.
    let turn = Promise.resolve();
    socket.onmessage = event => {
      this._heard = Date.now();
      turn = turn.then(() => this._handle(event.data, socket));
    };
    socket.onclose = () => {
      if (this._socket === socket) {
        this._socket = null;
        this._lost();
      }
    };
  }

  private async _handle(data: unknown, socket: WebSocket): Promise<void> {
    if (this._socket !== socket || !(data instanceof ArrayBuffer)) {
      return; // said by a socket that is gone
    }
    try {
      await this.onFrame(readFrame(data));
    } catch (reason) {
      console.warn('jupyter-datum: a frame could not be read', reason);
    }
  }

  private _lost(): void {
    if (this._disposed) {
      return;
    }
    this.onLost();
    this._set('lost');
    this._later();
  }

  private _later(wait = this._wait): void {
    // Jitter: a hundred pages must not come back in the same moment.
    const jitter = 0.5 + Math.random() / 2;
    this._timer = window.setTimeout(() => void this._connect(), wait * jitter);
    this._wait = Math.min(LONGEST_WAIT, this._wait * 2);
  }

  private _set(connection: Connection): void {
    this._connection = connection;
    this._changed.emit();
  }

  private _connection: Connection = 'idle';
  private _disposed = false;
  private _heard = 0;
  private _round = 0;
  private _socket: WebSocket | null = null;
  private _timer = 0;
  private _wait = FIRST_WAIT;
  private readonly _changed = new Signal<this, void>(this);
}
