/** The tabs of the run document, in their order. Each is a chunk of its own. */
import { alarms } from '../../models/alarms';
import type { ITab } from '../tab';

export const TABS: readonly ITab[] = [
  {
    id: 'overview',
    label: trans => trans.__('Overview'),
    load: () => import('./overview')
  },
  { id: 'map', label: trans => trans.__('Map'), load: () => import('./map') },
  { id: 'table', label: trans => trans.__('Table'), load: () => import('./table') },
  {
    id: 'failures',
    label: trans => trans.__('Failures'),
    badge: run => alarms(run.counts ?? {}),
    load: () => import('./failures')
  },
  { id: 'lineage', label: trans => trans.__('Lineage'), load: () => import('./lineage') },
  { id: 'timing', label: trans => trans.__('Timing'), load: () => import('./timing') },
  { id: 'workers', label: trans => trans.__('Workers'), load: () => import('./workers') },
  { id: 'spec', label: trans => trans.__('Spec'), load: () => import('./recorded') }
];
