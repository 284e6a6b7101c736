/** The program of a plan's worker threads: they look at what is at the target. */
import { Looker, type Places } from '../../host/check/look.ts'
import { serve } from '../../host/thread/thread-side.ts'

/** Descriptors belong to the process: the root is open in every thread. */
export type PlanWorkerData = { rootFd: number; withXattrs: boolean }

serve((data) => {
  const { rootFd, withXattrs } = data as PlanWorkerData
  const looker = new Looker(rootFd, withXattrs, true)
  return {
    handlers: { look: (input) => (input as Places[]).map((places) => looker.glance(places)) },
    close: () => looker.close(),
  }
})
