/*
 * version.h - the version of the shim; the build passes the control file's.
 */
#ifndef MJC_SHIM_VERSION_H
#define MJC_SHIM_VERSION_H

#ifndef MJC_VERSION
#define MJC_VERSION "dev"
#endif

#endif
