/*
 * setting.h - shop settings (mjc.setting) as rules read them.
 */
#ifndef MJC_SETTING_H
#define MJC_SETTING_H

extern int64 mjc_setting_integer(const char *name);
extern bool mjc_setting_boolean(const char *name);

#endif /* MJC_SETTING_H */
