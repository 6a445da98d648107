/** Who may call what, written down apart from the contract: a route that changes hands fails a test. */

export type RoleLetters = 'v' | 'o' | 's' | 'a' | 'd';

export const LETTERS = { viewer: 'v', operator: 'o', security: 's', auditor: 'a', admin: 'd' } as const;

/** By letters: viewer, operator, security, auditor, aDmin. `*`: everybody, without a token. */
export const MAY: Readonly<Record<string, string>> = {
  ...of('vosad', [
    ...['categoryList', 'categoryLookup', 'categoryPreview', 'capabilityList', 'capabilityShow', 'tenantList'],
    ...['taskList', 'taskShow', 'controlList', 'policyBundle', 'policyExplain', 'me', 'profileList', 'preview'],
    ...['sloHistory', 'status', 'flows', 'passInspect', 'decisions', 'slo', 'fleetStatus'],
  ]),
  ...of('osd', [
    ...['categoryBlock', 'categoryUnblock', 'tenantQuarantine', 'tenantRelease', 'taskKill', 'hostDeny', 'hostClear'],
    ...['passRevoke', 'passIssue'],
  ]),
  ...of('sd', [
    ...['capabilityRevoke', 'capabilityRestore', 'hostAllow', 'controlUndo', 'controlApprove', 'controlReject'],
    ...['ruleSave', 'rulesReload', 'policyReload', 'auditPrune', 'auditShred', 'fleetFollow'],
  ]),
  ...of('sad', [
    ...['ruleList', 'ruleFile', 'ruleTry', 'policyContracts', 'policyDiff', 'policyReplay', 'policyLearn'],
    ...['auditQuery', 'auditTail', 'auditCheckpoint', 'auditProof', 'auditVerify', 'auditExport', 'auditForward'],
    ...['auditKeys', 'auditRetention'],
  ]),
  ...of('d', ['auditRotate', 'tokenList', 'tokenMake', 'tokenRevoke']),
  ...of('*', ['loginWays', 'loginRedeem', 'caCertificate', 'openapi', 'healthz', 'readyz', 'metrics']),
};

function of(letters: string, routes: readonly string[]): Record<string, string> {
  return Object.fromEntries(routes.map((id) => [id, letters]));
}
