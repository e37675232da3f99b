// `rancher-node doctor`: what is wrong with a credential. The diagnosis is the core's; this is its command line.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Client, type ClientOptions } from './client.js';
import { RancherError } from './errors.js';

/** What the core's verdict `misconfigured` ends with; also for arguments that mean nothing. */
const MISCONFIGURED = 4;
const UNREACHABLE = 3;

const HELP = `Tells what is wrong with a Rancher credential, with evidence, and changes nothing.

Usage: rancher-node doctor [options]

  --url URL                    The server's address, with or without /v3
  --token TOKEN                The token; \`-\` reads it from standard input. Others on the machine can see a token on
                               the command line
  --server NAME                A server of the Rancher CLI's cli2.json
  --kubeconfig FILE            A kubeconfig whose server is a Rancher proxy URL
  --context NAME               A context of the kubeconfig, if not its current one
  --cluster ID                 The cluster the credential is wanted for: c-xxxxx, c-m-xxxxxxxx or local
  --namespace NAME             A namespace in that cluster
  --can-i VERB:RESOURCE …      Rights to ask for there: get:pods, create:deployments.apps
  --also CLUSTER …             More clusters that the key may be scoped to
  --key-is-for CLUSTER|global  What you know of the key's scope
  --witness-token-file FILE    A file with another token, which looks the first one's name up
  --ca-file FILE               A PEM file with the authorities to trust besides the machine's
  --insecure                   Trust whatever certificate comes. Anybody on the way can then read the token
  --timeout SECONDS            The deadline of each question
  --json                       Print JSON
  --help, --version

What is not given is looked for in the environment (RANCHER_URL, RANCHER_TOKEN, …), in cli2.json and in the kubeconfig.
Exit codes: 0 usable, 1 limited (valid, but not for what was asked), 2 refused, 3 unreachable or TLS, 4 misconfigured,
5 undetermined.
`;

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;
const OPTIONS = {
  url: text,
  token: text,
  server: text,
  kubeconfig: text,
  context: text,
  cluster: text,
  namespace: text,
  'can-i': texts,
  also: texts,
  'key-is-for': text,
  'witness-token-file': text,
  'ca-file': text,
  insecure: flag,
  timeout: text,
  json: flag,
  help: flag,
  version: flag,
} as const;

/** Runs the command with the arguments of the process, and sets its exit code. */
export function main(args: string[] = process.argv.slice(2)): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: { code?: unknown }) => {
      // who reads no more has seen enough
      if (error.code !== 'EPIPE') throw error;
    });
  }
  run(args).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.exitCode = refused(error);
    },
  );
}

type Given = ReturnType<typeof read>['values'];

function read(args: string[]) {
  return parseArgs({ args: one(args), options: OPTIONS, allowPositionals: true, strict: true });
}

async function run(args: string[]): Promise<number> {
  const { values, positionals } = read(args);
  if (values.version) {
    process.stdout.write(`${(JSON.parse(readFileSync(`${__dirname}/../package.json`, 'utf8')) as { version: string }).version}\n`);
    return 0;
  }
  if (values.help || positionals.length === 0) {
    (values.help ? process.stdout : process.stderr).write(HELP);
    return values.help ? 0 : MISCONFIGURED;
  }
  if (positionals.length !== 1 || positionals[0] !== 'doctor') {
    say('rancher-node: there is one command, doctor; --help lists its options');
    return MISCONFIGURED;
  }
  const remarks: string[] = [];
  try {
    const { text, exit_code: code, ...rest } = await diagnose(values, remarks);
    rest.advice = [...rest.advice, ...remarks];
    process.stdout.write(values.json ? json(rest) : advised(text, remarks));
    return code;
  } catch (error) {
    if (values.json && error instanceof RancherError) process.stdout.write(json(nothingDiagnosed(error)));
    throw error;
  }
}

function json(report: object): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** The report with more advice, in its place before the requests. */
function advised(text: string, remarks: string[]): string {
  const lines = text.trimEnd().split('\n');
  const at = lines.findIndex((line) => line.startsWith('probe '));
  lines.splice(at < 0 ? lines.length : at, 0, ...remarks.map((remark) => `advice      ${remark}`));
  return `${lines.join('\n')}\n`;
}

/** A configuration that is wrong is a diagnosis too: its keys are those of every other one. */
function nothingDiagnosed(error: RancherError): object {
  return {
    advice: [error.summary, error.advice, ...error.because].filter((line) => line),
    cluster: { id: null, verdict: 'unknown' },
    credential: { causes: [], cluster: null, confidence: null, expires_at: null, kind: 'none', name: null, scope: 'unknown', verdict: 'missing' },
    namespace: { name: null, verdict: 'unknown' },
    probes: [],
    server: { reachable: false, tls: null, url: null, version: null },
    verdict: isMisconfigured(error) ? 'misconfigured' : 'unreachable',
  };
}

interface Report {
  text: string;
  exit_code: number;
  advice: string[];
  [part: string]: unknown;
}

async function diagnose(values: Given, remarks: string[]): Promise<Report> {
  if (values.token !== undefined && values.token !== '-') {
    say("warning: a token on the command line can be seen by others on this machine and stays in the shell's history; use --token -, or RANCHER_TOKEN");
  }
  for (const [name, value] of Object.entries(values)) {
    // an empty variable of a script must not make it look elsewhere
    if (typeof value === 'string' && value.trim() === '') throw wrong(`--${name} is empty`, 'give it a value, or leave it out');
  }
  const seconds = values.timeout === undefined ? undefined : Number(values.timeout);
  if (seconds !== undefined && !(seconds >= 0.05 && seconds <= 3600)) throw wrong('--timeout is not between 0.05 and 3600 seconds', 'give seconds, 10');
  const witness = values['witness-token-file'];
  const options = {
    // the report is shown as the other languages show it
    naming: 'snake',
    url: values.url,
    token: values.token === '-' ? piped() : values.token,
    server: values.server,
    kubeconfig: values.kubeconfig,
    context: values.context,
    cluster: values.cluster,
    caFile: values['ca-file'],
    verify: values.insecure ? false : undefined,
  } as ClientOptions;
  const client = open(options, remarks);
  const asked = {
    cluster: values.cluster,
    namespace: values.namespace,
    canI: values['can-i']?.map((right) => right.replace(':', ' ')),
    also: values.also,
    keyIsFor: values['key-is-for'],
    witness: witness === undefined ? undefined : file(witness),
    timeout: seconds === undefined ? undefined : seconds * 1000,
  };
  return (await client.doctor(asked)) as unknown as Report;
}

/** Without a credential there is still a server to look at, and the want of one is the finding. */
function open(options: ClientOptions, remarks: string[]): Client {
  try {
    return new Client(options);
  } catch (error) {
    if (!(error instanceof RancherError) || !error.causes.includes('missing')) throw error;
    const client = new Client({ ...options, anonymous: true });
    say('warning: no token is sent, since none belongs to this server:');
    for (const line of error.because) say(`  ${line}`);
    remarks.push(error.summary);
    return client;
  }
}

function piped(): string {
  const token = readFileSync(0, 'utf8');
  // another key, from the environment, must not be diagnosed in its place
  if (token.trim() === '') throw wrong('standard input held no token', 'pipe the token in');
  return token;
}

function file(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw wrong(`the witness's token file ${masked(path)} cannot be read`, String((cause as { code?: unknown }).code ?? ''));
  }
}

/** Lets the options that take several values take them one after another. */
function one(args: string[]): string[] {
  const all: string[] = [];
  let several: string | undefined;
  let taken = 0;
  // one without a value would ask nothing, and its answer would pass for a yes
  const end = (): void => {
    if (several !== undefined && taken === 0) throw new Error(`Option '${several} <value>' argument missing`);
    several = undefined;
    taken = 0;
  };
  for (const arg of args) {
    if (arg === '--can-i' || arg === '--also') {
      end();
      several = arg;
    } else if (arg.startsWith('-') && arg !== '-') {
      end();
      all.push(arg);
    } else {
      all.push(several === undefined ? arg : `${several}=${arg}`);
      taken += 1;
    }
  }
  end();
  return all;
}

function refused(error: unknown): number {
  if (error instanceof RancherError) {
    say(`rancher-node: ${error.message}`);
    for (const line of error.because) say(`  ${line}`);
    return isMisconfigured(error) ? MISCONFIGURED : UNREACHABLE;
  }
  // what else it says is of how to begin an argument with a hyphen
  const [words = ''] = (error as Error).message.split('. To specify');
  say(`rancher-node: ${masked(words)}; --help lists the options`);
  return MISCONFIGURED;
}

function isMisconfigured({ kind }: RancherError): boolean {
  return kind === 'config' || kind === 'invalid';
}

/** A secret in the wrong place must not be shown. */
function masked(text: string): string {
  return text.replace(/[A-Za-z0-9._:+-]{32,}/g, '***');
}

function wrong(summary: string, advice: string): RancherError {
  return RancherError.local('config', summary, advice);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
