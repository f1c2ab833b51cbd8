/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Broadcast queues: publishers that overwrite, subscribers that claim nothing.
 * Each access to a shared word is a step, and so is each of the two cells of a
 * payload; a publisher can be killed between any two.
 *
 * Bounds (-D): N slots; P publishers of K messages each; R subscribers, which
 * begin when they please; KILLS; STALLS: publishers that stop for ever while they
 * write. Each #ifdef of another name is a mutant.
 */
#include "word.pml"

#ifndef N
#define N		2
#endif
#ifndef P
#define P		2
#endif
#ifndef R
#define R		1
#endif
#ifndef K
#define K		2
#endif
#ifndef KILLS
#define KILLS		0
#endif
#ifndef STALLS
#define STALLS		0
#endif

#define PEERS		(P + R)
#define PUBLISHERS	(B(P) - 1)
#define SUBSCRIBERS	(B(PEERS) - B(P))
#define MINE(set)	((set) & B(id))
#define IX(t)		((t) % N)

short word[N];
byte cell[2 * N];		/* a payload is two: message + 1 */
byte tail;
byte count[2];

byte queued;
byte woken;
byte gone;
bit pending;

/* What only the checks know. */
byte at[P * K];			/* ticket + 1 of each message that was committed */
byte holes;			/* tickets left out */
byte aborted;

byte dead;
byte idle;
byte stalled;
byte stalls;
byte kills;
byte begun[P];

#define QUEUE(dir)	(dir == RECV -> SUBSCRIBERS : PUBLISHERS)

/* As in work.pml. */
#define BITS(set)	(((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1) + \
			 (((set) >> 3) & 1))
#define COUNTED		(MINE(queued) && !MINE(woken))

inline wake_dir(dir) {
	d_step {
		count[dir] = count[dir] - BITS(queued & ~woken & QUEUE(dir));
		woken = woken | (queued & QUEUE(dir))
	}
}

inline enter_anew(dir) {
	atomic {
		if
		:: MINE(woken) -> woken = woken & ~B(id); count[dir]++
		:: else
		fi
	}
}

inline wake(dir) {
	if
	:: count[dir] -> wake_dir(dir)
	:: else
	fi
}

proctype Publisher(byte id) {
	byte t, m, busy, i;
	short w;
	bit ok;
start:
	{
		d_step {
			if
			:: begun[id] < K -> m = id * K + begun[id]; begun[id]++
			:: else -> ok = 1
			fi
		};
		if
		:: ok -> idle = idle | B(id); (false)
		:: else
		fi;
retry:
		t = tail;
		w = word[IX(t)];
		if
		:: NEWER(TICKET(w), t) || (TICKET(w) == t && STATE(w) != FREE) ->
			d_step {
				if
				:: tail == t -> tail = ADD(TICKET(w), 1)
				:: else
				fi;
				t = 0; w = 0
			};
			goto retry
		:: NEWER(t, TICKET(w)) && STATE(w) == WRITING ->
			busy++;
#ifndef WAIT_FOR_OVERTAKEN
			if
			:: busy < N ->
				/* Leaves the ticket out. */
				d_step {
					if
					:: tail == t -> tail = ADD(t, 1); holes++
					:: else
					fi;
					t = 0; w = 0
				};
				goto retry
			:: else
			fi;
#endif
			d_step {
				t = 0; w = 0; busy = 0;
				count[SEND]++; queued = queued | B(id)
			};
sleep:
			enter_anew(SEND);
			do
			:: !ok && i < N -> ok = (STATE(word[i]) != WRITING); i++
			:: else -> break
			od;
			i = 0;
			if
			:: !ok -> MINE(woken); goto sleep
			:: else
			fi;
			d_step {
				ok = 0;
				if
				:: COUNTED -> count[SEND]--
				:: else
				fi;
				queued = queued & ~B(id);
				woken = woken & ~B(id)
			};
			goto retry
		:: else
		fi;
		/* So that a ticket left out meanwhile is seldom used after all. */
		if
		:: tail != t -> d_step { t = 0; w = 0 }; goto retry
		:: else
		fi;
		d_step {
			ok = (word[IX(t)] == w);
			if
			:: ok -> word[IX(t)] = WORD(t, id + 1, WRITING)
			:: else -> t = 0
			fi;
			w = 0
		};
		if
		:: !ok -> goto retry
		:: else -> d_step { ok = 0; busy = 0 }
		fi;
		d_step {
			if
			:: tail == t -> tail = ADD(t, 1)
			:: else
			fi
		};
#if STALLS
		if
		:: d_step { stalls < STALLS -> stalls++; stalled = stalled | B(id) };
			(false)
		:: skip
		fi;
#endif
		cell[2 * IX(t)] = m + 1;
		cell[2 * IX(t) + 1] = m + 1;
		d_step {
			assert(word[IX(t)] == WORD(t, id + 1, WRITING));
			word[IX(t)] = WORD(t, id + 1, READY);
			at[m] = t + 1;
			t = 0; m = 0
		};
		wake(RECV);
#ifndef COMMIT_TELLS_RECEIVERS_ONLY
		wake(SEND);
#endif
		goto start
	} unless { MINE(dead) };
	atomic {
		if
		:: COUNTED -> count[SEND]--
		:: else
		fi;
		queued = queued & ~B(id);
		woken = woken & ~B(id);
		t = 0; m = 0; busy = 0; i = 0; w = 0; ok = 0;
		gone = gone | B(id); pending = 1
	};
	!MINE(gone);
	goto start
}

/* What stands at ticket c; GAP sets how far to go on. */
#define MESSAGE		1
#define GAP		2
#define NOTHING		3

inline look(c) {
#ifdef TAIL_AFTER_WORD
	w = word[IX(c)];
	t = tail;
#else
	t = tail;
	w = word[IX(c)];
#endif
	d_step {
		skipped = 1;
		passed = 1;
		if
		:: NEWER(TICKET(w), c) ->
			assert(SUB(TICKET(w), c) >= N);
#ifdef JUMP_TOO_FAR
			passed = SUB(TICKET(w), c);
#else
			passed = SUB(TICKET(w), c) - N + 1;
#endif
			skipped = passed;
			sight = GAP;
			/* Nothing of it is there any more. */
			do
			:: t = ADD(c, passed - 1);
				assert(holes || TICKET(word[IX(t)]) != t);
				passed--;
				if
				:: passed == 0 -> break
				:: else
				fi
			od;
			passed = skipped
		:: NEWER(c, TICKET(w)) ->
			sight = (NEWER(t, c) -> GAP : NOTHING);
			assert(sight == NOTHING || holes || TICKET(word[IX(c)]) != c)
		:: TICKET(w) == c && STATE(w) == READY -> sight = MESSAGE
		:: TICKET(w) == c && STATE(w) == ABORTED -> skipped = 0; sight = GAP
		:: TICKET(w) == c && STATE(w) == WRITING ->
			sight = (NEWER(t, c) && SUB(t, c) > N -> GAP : NOTHING)
		:: TICKET(w) == c && STATE(w) == FREE -> sight = NOTHING
		fi;
		t = 0
	}
}

/* Ends when it has received, or passed over, all there is. */
proctype Subscriber(byte id) {
	byte c, t, first, second, ahead, i;
	byte got;		/* messages; one bit each */
	byte latest[P];		/* message + 1 of each publisher */
	byte missed;
	byte sight, skipped, passed;
	byte begin, over, left;
	short w;

	/* The oldest message that the ring holds; tickets here begin at 0. */
	c = tail;
	w = word[IX(c)];
	atomic {
		if
		:: TICKET(w) == c && STATE(w) != FREE -> c++
		:: else
		fi;
		c = (c > N -> c - N : 0);
		begin = c; w = 0
	};
next:
	look(c);
	if
	:: sight == GAP ->
		atomic { missed = missed + skipped; c = c + passed; sight = 0; w = 0; goto next }
	:: sight == MESSAGE ->
		first = cell[2 * IX(c)];
		second = cell[2 * IX(c) + 1];
#ifndef NO_SECOND_LOOK_AT_THE_WORD
		if
		:: word[IX(c)] != w ->
			atomic { first = 0; second = 0; sight = 0; w = 0; goto next }
		:: else
		fi;
#endif
		atomic {
			/* Whole, committed in this place, not twice, in order. */
			assert(first && first == second);
			assert(at[first - 1] == c + 1);
			assert(!(got & B(first - 1)));
			assert(latest[(first - 1) / K] < first);
			latest[(first - 1) / K] = first;
			got = got | B(first - 1);
			c++; first = 0; second = 0; sight = 0; w = 0;
			goto next
		}
	:: sight == NOTHING -> sight = 0; w = 0
	fi;

	d_step { count[RECV]++; queued = queued | B(id) };
sleep:
	enter_anew(RECV);
	ahead = c;
follow:
	look(ahead);
	if
	:: sight == GAP -> atomic { ahead = ahead + passed; sight = 0; w = 0; goto follow }
	:: else
	fi;
	ahead = 0;
	if
	:: sight == NOTHING ->
		sight = 0;
		w = 0;
		if
		:: MINE(woken) -> goto sleep
		:: timeout -> goto check
		fi
	:: else
	fi;
	d_step {
		sight = 0; w = 0;
		if
		:: COUNTED -> count[RECV]--
		:: else
		fi;
		queued = queued & ~B(id); woken = woken & ~B(id)
	};
	goto next;

check:
	/* Nobody moves any more: what was overwritten is passed over at last. */
	look(c);
	if
	:: sight == GAP ->
		atomic { missed = missed + skipped; c = c + passed; sight = 0; w = 0; goto check }
	:: else
	fi;
	atomic {
		/*
		 * All is quiet. Of the messages from its beginning on it has got or
		 * missed every one, and missed no more than there were tickets
		 * without a message besides. None is left for it.
		 */
		i = 0;
		do
		:: i < P * K ->
			if
			:: at[i] && at[i] > begin && !(got & B(i)) ->
				over = over + (at[i] <= c);
				left = left + (at[i] > c)
			:: else
			fi;
			i++
		:: else -> break
		od;
		assert(!left || stalled);
		assert(missed >= over);
		assert(missed <= over + holes + aborted + stalls);
		assert(!gone && !dead && !pending);
		i = 0;
		do
		:: i < N ->
			assert(STATE(word[i]) != WRITING || (stalled & B(OWNER(word[i]) - 1)));
			i++
		:: else -> break
		od;
		/* No publisher waits for another, as long as there are other slots. */
		assert(!(queued & ~woken & PUBLISHERS) || (N == 1 && stalled));
		i = 0; over = 0
	}
}

proctype Repair() {
	byte noted, i;
	short w;
again:
	atomic { pending -> pending = 0 };
	noted = gone;
	do
	:: i < N ->
		w = word[i];
		if
		:: STATE(w) == WRITING && (noted & B(OWNER(w) - 1)) ->
			d_step {
				assert(word[i] == w);
				word[i] = WORD(TICKET(w), NOBODY, ABORTED);
				aborted++
			}
		:: else
		fi;
		d_step { w = 0; i++ }
	:: else -> break
	od;
	i = 0;
#ifndef REPAIR_IN_SILENCE
	wake_dir(RECV);
	wake_dir(SEND);
#endif
	d_step { gone = gone & ~noted; dead = dead & ~noted; noted = 0 };
	goto again
}

#define MORTAL(i)	((i) < P && !((dead | idle | stalled) & B(i)))

proctype Killer() {
	do
	:: kills < KILLS ->
		atomic {
			if
			:: MORTAL(0) -> dead = dead | B(0)
			:: MORTAL(1) -> dead = dead | B(1)
			:: MORTAL(2) -> dead = dead | B(2)
			fi;
			kills++
		}
	:: else -> break
	od
}

init {
	byte i;

	atomic {
		do
		:: i < N -> word[i] = WORD(i, NOBODY, FREE); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < P -> run Publisher(i); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < R -> run Subscriber(P + i); i++
		:: else -> break
		od;
		run Repair();
		run Killer()
	}
}
