/** Invented signatures: who has a name can sign for it, and nobody in the simulation does so for another. */
import { createHash } from 'node:crypto';
import type { Signer } from '../services/ports.ts';
import { signRaw } from './machine.ts';

export const digest = (text: string) => createHash('sha256').update(text).digest('hex');
export const signerOf = (node: string): Signer => ({ publicKey: node, sign: (text) => digest(`${node} ${text}`) });
export const verify = (key: string, text: string, signature: string) => digest(`${key} ${text}`) === signature;
export const verifyRaw = (key: string, text: string, signature: string) => signRaw(key, text) === signature;
