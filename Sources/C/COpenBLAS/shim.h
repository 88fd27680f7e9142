#ifndef MIXTAPE_COPENBLAS_SHIM_H
#define MIXTAPE_COPENBLAS_SHIM_H
#include <cblas.h>
#endif
