import { publicKeyOf } from '../../adapters/keys/nkey.ts';

/** PEM (SubjectPublicKeyInfo) of a public key written as nkey. Throws for anything else. */
export const pemOfNkey = (nkey: string): string => publicKeyOf(nkey).export({ type: 'spki', format: 'pem' }).toString();
