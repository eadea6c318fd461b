/*
 * setting.h - shop settings (mjc.setting) as rules read them.
 */
#ifndef MJC_SETTING_H
#define MJC_SETTING_H

extern void mjc_settings(const char *const *names, int n, int64 *values);
extern int64 mjc_setting_integer(const char *name);

#endif /* MJC_SETTING_H */
