const COMPLAINT =
  /deprecated|flag|unknown field|lenient|read-only file system|permission denied|no such file|Flexvolume/i;

/**
 * Lines in which a Kubernetes program finds fault with its flags, configuration, files or permissions.
 *
 * Warnings and worse of klog; deprecated flags are told before klog is there, in plain words.
 */
export function flagComplaints(output: string): readonly string[] {
  return output
    .split('\n')
    .filter((line) => /^Flag --|^Error: /.test(line) || (/^[WEF]\d{4} /.test(line) && COMPLAINT.test(line)));
}
