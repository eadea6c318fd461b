/*
 * fitment.h - whether a part fits a boiler of which not everything is known.
 */
#ifndef MJC_FITMENT_H
#define MJC_FITMENT_H

/* What one fitment row says of one boiler. */
#define MJC_FITMENT_NO 1	   /* a row that says no, and all its conditions hold */
#define MJC_FITMENT_MAYBE_NO 2 /* a row that says no, and a condition of it is open */
#define MJC_FITMENT_YES 4
#define MJC_FITMENT_MAYBE_YES 8

/* The conditions of a row, in the order of their bits. */
typedef enum MjcFitmentCondition
{
	MJC_FITMENT_VARIANT,
	MJC_FITMENT_SERIAL,
	MJC_FITMENT_BUILT,
	MJC_FITMENT_GAS,
	MJC_FITMENT_POWER,
	MJC_FITMENT_CONDITIONS
} MjcFitmentCondition;

/* What became of a condition; two bits of a state. */
typedef enum MjcFitmentFound
{
	MJC_FITMENT_NOT_ASKED,
	MJC_FITMENT_MET,
	MJC_FITMENT_OPEN, /* what it asks for is not known */
	MJC_FITMENT_FAILED
} MjcFitmentFound;

extern int mjc_fitment_state_of(bool fits, const MjcFitmentFound found[MJC_FITMENT_CONDITIONS]);
extern const char *mjc_fitment_answer_of(int states);

#endif /* MJC_FITMENT_H */
