/*
 * money.h - every amount of the shop passes here: bigint centimes, rates in
 * basis points, 128-bit products, one rounding, half away from zero.
 */
#ifndef MJC_MONEY_H
#define MJC_MONEY_H

/* 10^13 centimes = 100 billion DZD: far above any order, far below overflow. */
#define MJC_MAX_AMOUNT INT64CONST(10000000000000)
#define MJC_BP_ONE 10000

extern int64 mjc_money_add(int64 a, int64 b);
extern int64 mjc_money_times(int64 unit, int64 qty);
extern int64 mjc_money_percent(int64 amount, int32 bp);
extern int64 mjc_money_scale(int64 amount, int64 numerator, int64 denominator);
extern int32 mjc_money_scale_error(int64 result, int64 amount, int64 numerator, int64 denominator);
extern char *mjc_dzd_text(int64 centimes);
extern void mjc_check_rate(int32 bp);
extern void mjc_money_allocate(int64 amount, const int64 *weights, int n, int64 *shares);
extern int64 mjc_money_spread(int64 amount, const int64 *weights, const int64 *rooms, int n,
							  int64 *shares);
extern int64 mjc_money_refund_share(int64 paid, int32 qty, int32 already, int32 returning);

#endif /* MJC_MONEY_H */
