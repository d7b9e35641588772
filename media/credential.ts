// Which media let nobody in without a password, a key or a ticket: an unattended restore uses none of them (DESIGN section 8, rule 7). Pure.

/** In words that follow a colon; undefined for what is read without. `place` is a medium's URL, or `SERVER:/PATH` of an NFS export. */
export function credentialOf(place: string): string | undefined {
  const scheme = /^(ssh|sftp|cifs|smb|s3):/.exec(place)?.[1];
  if (scheme !== undefined) return `${scheme}: lets in who has a password or a key`;
  return /^[a-z]+:\/\/[^/?\s]*@/.test(place) ? "its URL names a user" : undefined;
}

/** The same, of mount options as in `nfsopt=`: Kerberos wants a ticket (nfs(5), sec=). */
export function credentialInOptions(options: string): string | undefined {
  const security = /(?:^|,)(sec=(?:krb5|lipkey|spkm)[a-z0-9]*)/.exec(options)?.[1];
  return security === undefined ? undefined : `${security} wants a ticket`;
}
