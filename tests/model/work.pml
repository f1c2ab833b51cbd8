/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work queues: claims, sleeping and waking, death and repair, the end of the
 * stream. README.md says what each part stands for in the sources; every access
 * to a shared word is a step of its own, and a mapped peer can be killed between
 * any two.
 *
 * Bounds and flags (-D):
 *  N, L        slots of a lane, lanes (sender i sends on lane i % L)
 *  S, R, K     senders, receivers, messages a sender tries to send
 *  KILLS       mapped peers killed; a new process takes the place of each
 *  ABORTS      reserved slots given up
 *  STALLS      peers that stop for ever while they hold a claim
 *  MEDIATED    mask of peers (senders first) that use SEND and RECV
 *  GIVEBACKS   copies to user memory that fail in RECV
 *  POLLERS     mask of receivers (of peers) that poll instead of WAIT
 *  DROP        IPCX_QUEUE_DROP_OLDEST
 *  HANGUP      IPCX_QUEUE_HANGUP: who has sent all, or is killed, leaves
 *  STORE       mapped peers move a hint on after a claim by a load and a store,
 *              which may come late and move it back
 *  TAKE        mapped receivers may receive without a claim: copy, then one CAS
 *
 * Each #ifdef of another name is a mutant: see ./run.
 */
#include "word.pml"

#ifndef N
#define N		2
#endif
#ifndef L
#define L		1
#endif
#ifndef S
#define S		1
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
#ifndef ABORTS
#define ABORTS		0
#endif
#ifndef STALLS
#define STALLS		0
#endif
#ifndef MEDIATED
#define MEDIATED	0
#endif
#ifndef GIVEBACKS
#define GIVEBACKS	0
#endif
#ifndef POLLERS
#define POLLERS		0
#endif

#define SLOTS		(N * L)
#define PEERS		(S + R)
#define SENDERS		(B(S) - 1)
#define RECEIVERS	(B(PEERS) - B(S))
#define IX(l, t)	((l) * N + (t) % N)
#define MINE(set)	((set) & B(id))
#define ME		(MINE(MEDIATED) -> KERNEL : id + 1)

/* The ring, which peers write. */
short word[SLOTS];
byte pay[SLOTS];		/* message + 1, 0 for none */
byte head[L];
byte tail[L];
byte done;			/* ret_done */

/* The kernel page, which peers read. */
byte epoch;			/* ret_epoch */
byte count[2];
bit armed[2];
bit hangup[2];			/* [RECV]: no sender is left */

/* The kernel's own; sets of peers are masks. */
byte queued;			/* on the wait queue of its direction */
byte woken;
byte gone;			/* detached and not repaired yet */
byte repairing;
bit pending;			/* the repair work is queued */
byte senders = S;
byte receivers = R;

/* What only the checks know: sets of messages, the last claim of a lane. */
byte committed;
byte seen;			/* by a receiver, in whole or in part */
byte delivered;
byte dropped;
byte last[L];
bit any_claimed[L];

/* What chooses. */
byte dead;
byte idle;			/* nothing left to do: no use in killing it */
byte stalled;
byte kills;
byte aborts;
byte stalls;
byte givebacks;
byte begun[S];			/* messages tried */

/* ---- sleeping and waking: kmod/wait.c ---- */

#define QUEUE(dir)	(dir == RECV -> RECEIVERS : SENDERS)

/* Who is woken is out of the wait queue, and of the count, until it enters anew. */
#define BITS(set)	(((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1) + \
			 (((set) >> 3) & 1))
#define COUNTED		(MINE(queued) && !MINE(woken))
#ifdef NOT_COUNTED_ANEW
#define COUNT_ANEW(dir)	skip
#else
#define COUNT_ANEW(dir)	count[dir]++
#endif

inline wake_dir(dir) {
#ifdef WAKE_ONE
	atomic {
		if
		:: queued & ~woken & QUEUE(dir) & 1 -> woken = woken | 1; count[dir]--
		:: queued & ~woken & QUEUE(dir) & 2 -> woken = woken | 2; count[dir]--
		:: queued & ~woken & QUEUE(dir) & 4 -> woken = woken | 4; count[dir]--
		:: queued & ~woken & QUEUE(dir) & 8 -> woken = woken | 8; count[dir]--
		:: else
		fi
	}
#elif defined(WAKE_THEN_DISARM)
	woken = woken | (queued & QUEUE(dir));
	armed[dir] = 0
#else
#if POLLERS
	armed[dir] = 0;
#endif
	d_step {
		count[dir] = count[dir] - BITS(queued & ~woken & QUEUE(dir) & ~POLLERS);
		woken = woken | (queued & QUEUE(dir))
	}
#endif
}

/* A slot freed can be what the end waits for. */
inline wake_dir_and_ends(dir) {
	wake_dir(dir);
#ifdef HANGUP
	if
	:: dir == SEND && hangup[RECV] -> wake_dir(RECV)
	:: else
	fi
#endif
}

/* By who published, in the library and in the kernel. */
inline wake(dir) {
	if
	:: count[dir] || armed[dir] -> wake_dir_and_ends(dir)
	:: else
	fi
}

inline wake_all() {
	wake_dir(RECV);
	wake_dir(SEND)
}

/* Publishes, then looks who waits. */
#ifdef LOOK_FIRST
#define LOOK(dir)	n = (count[dir] || armed[dir]);
#define WAKE(dir)	if :: n -> n = 0; wake_dir_and_ends(dir) :: else fi
#else
#define LOOK(dir)
#define WAKE(dir)	wake(dir)
#endif

/* ---- hints ---- */

inline help_tail(l, t, w) {
#ifndef NO_HELP_TAIL
	d_step {
		if
		:: tail[l] == t && NEWER(TICKET(w), t) && STATE(w) == FREE ->
			tail[l] = ADD(SUB(TICKET(w), N), 1)
		:: tail[l] == t && !(NEWER(TICKET(w), t) && STATE(w) == FREE) ->
			tail[l] = ADD(TICKET(w), 1)
		:: else
		fi
	}
#else
	skip
#endif
}

/* One help is enough, however far the head lags. */
inline help_head(l, h, w) {
#ifndef NO_HELP_HEAD
	d_step {
		if
#ifndef NO_JUMP
		:: head[l] == h && NEWER(TICKET(w), h) ->
			head[l] = ADD(SUB(TICKET(w), N), 1)
		:: head[l] == h && TICKET(w) == h ->
#else
		:: head[l] == h ->
#endif
			head[l] = ADD(h, 1);
			assert(!NEWER(ADD(SUB(TICKET(w), N), 1), head[l]))
		:: else
		fi
	}
#else
	skip
#endif
}

/* A loop of load and CAS that ends when head is there: one step of it counts. */
inline up_head(l, to) {
	d_step {
		if
		:: NEWER(to, head[l]) -> head[l] = to
		:: else
		fi
	}
}

/* How far the hints may be apart; what they lag behind is bounded. */
#ifdef STORE
#define LAG_OK(l)	true
#else
#define LAG_OK(l)	(tail[l] == head[l] || SUB(head[l], tail[l]) == 1 || \
			 (NEWER(tail[l], head[l]) && SUB(tail[l], head[l]) <= N + 2))
#endif

/* After a claim. */
inline move_on(hint, x) {
#ifdef STORE
	if
	:: !MINE(MEDIATED) ->
		n = (hint == x);
		if
		:: n -> n = 0; hint = ADD(x, 1)
		:: else
		fi
	:: else ->
#endif
	d_step {
		if
		:: hint == x -> hint = ADD(x, 1)
		:: else
		fi
	}
#ifdef STORE
	fi
#endif
}

#ifdef HANGUP
#define GONE_FOR_GOOD	idle = idle | B(id); dead = dead & ~B(id);
#else
#define GONE_FOR_GOOD
#endif

/* ---- leaving: exit, kill or close, in the order of the kernel's exit ---- */

inline detach() {
	if
	:: !MINE(MEDIATED) ->
		gone = gone | B(id); repairing++; pending = 1
	:: else
	fi
}

inline leave(dir, side, other) {
#ifdef HANGUP
#ifdef LEAVE_THEN_DETACH
	d_step { side--; hangup[other] = (side == 0) };
	if :: hangup[other] -> wake_all() :: else fi;
	d_step { detach() }
#else
	d_step { detach() };
	d_step { side--; hangup[other] = (side == 0) };
	if :: hangup[other] -> wake_all() :: else fi
#endif
#else
	d_step { detach() }
#endif
}

#if STALLS
#define STALL	if \
		:: d_step { stalls < STALLS -> stalls++; stalled = stalled | B(id) }; \
			(false) \
		:: skip \
		fi;
#else
#define STALL
#endif

/* ---- a sender: ring_claim_send() and ipcx_claim_send(), with the wait ---- */

#define FULL(w, t)	(SUB(t, TICKET(w)) == N && NEWER(t, TICKET(w)) && \
			 (STATE(w) == WRITING || STATE(w) == READING || \
			  (!DROPS && (STATE(w) == READY || STATE(w) == RETURNED))))
#ifdef DROP
#define DROPS		1
#else
#define DROPS		0
#endif

proctype Sender(byte id; byte l) {
	byte t, m, i;
	short w;
	bit ok, n;
start:
	{
		d_step {
			if
			:: begun[id] < K -> m = id * K + begun[id]; begun[id]++
			:: else -> ok = 1
			fi
		};
		if
		:: ok ->
#ifdef HANGUP
			goto left;
#else
			idle = idle | B(id);
			(false)
#endif
		:: else
		fi;
retry:
#ifdef HANGUP
		if :: hangup[SEND] -> goto left :: else fi;
#endif
		t = tail[l];
		w = word[IX(l, t)];
		if
		:: TICKET(w) == t && STATE(w) == FREE ->
#ifdef CLAIM_BY_STORE
			ok = 1;
			word[IX(l, t)] = WORD(t, ME, WRITING);
#else
			d_step {
				ok = (word[IX(l, t)] == w);
				if
				:: ok ->
					word[IX(l, t)] = WORD(t, ME, WRITING);
					/*
					 * No older ticket is free still: who saw one at
					 * the head need not look beyond it.
					 */
					do
					:: i < N ->
						assert(STATE(word[l * N + i]) != FREE ||
						       NEWER(TICKET(word[l * N + i]), t));
						i++
					:: else -> break
					od;
					i = 0
				:: else
				fi
			};
#endif
			if
			:: ok -> d_step { ok = 0; w = 0 }
			:: else -> d_step { t = 0; w = 0 }; goto retry
			fi
		:: (TICKET(w) == t && STATE(w) != FREE) || NEWER(TICKET(w), t) ->
			help_tail(l, t, w);
			d_step { t = 0; w = 0 };
			goto retry
		:: NEWER(t, TICKET(w)) && FULL(w, t) ->
			d_step {
				t = 0; w = 0;
				count[SEND]++; queued = queued | B(id)
			};
sleep:
			atomic {
				if
				:: MINE(woken) -> woken = woken & ~B(id); COUNT_ANEW(SEND)
				:: else
				fi
			};
#ifndef NO_RECHECK
#ifdef HANGUP
			ok = hangup[SEND];
#endif
			t = tail[l];
			w = word[IX(l, t)];
			if
			:: !ok && NEWER(t, TICKET(w)) && FULL(w, t) ->
				d_step { t = 0; w = 0 };
				MINE(woken);
				goto sleep
			:: else
			fi;
#else
			MINE(woken);
#endif
			d_step {
				t = 0; w = 0; ok = 0;
				if
				:: COUNTED -> count[SEND]--
				:: else
				fi;
				queued = queued & ~B(id);
				woken = woken & ~B(id)
			};
			goto retry
		:: NEWER(t, TICKET(w)) && SUB(t, TICKET(w)) == N && !FULL(w, t) &&
		   STATE(w) != FREE ->
			/* ABORTED, or to be dropped. */
#ifndef NO_ROOM_OF_ABORTED
			d_step {
				ok = (word[IX(l, t)] == w);
				if
				:: ok ->
					word[IX(l, t)] = WORD(t, NOBODY, FREE);
					if
					:: STATE(w) != ABORTED ->
						assert(pay[IX(l, t)]);
						dropped = dropped | B(pay[IX(l, t)] - 1)
					:: else
					fi;
					pay[IX(l, t)] = 0
				:: else
				fi
			};
			if
			:: ok -> ok = 0; up_head(l, ADD(SUB(t, N), 1))
			:: else
			fi;
			d_step { t = 0; w = 0 };
			goto retry
#else
			if
			:: STATE(w) == ABORTED ->
				d_step { t = 0; w = 0; count[SEND]++; queued = queued | B(id) };
				MINE(woken);
				d_step { count[SEND]--; queued = queued & ~B(id); woken = woken & ~B(id) };
				goto retry
			fi
#endif
		:: else ->
			/* A stale tail. */
			d_step { t = 0; w = 0 };
			goto retry
		fi;

		/* Claimed. */
		move_on(tail[l], t);
		assert(LAG_OK(l));
		STALL
		pay[IX(l, t)] = m + 1;
		if
		:: aborts < ABORTS ->
			aborts++;
			/* abort; SEND does so when the payload cannot be copied in */
			LOOK(SEND)
			d_step {
				assert(word[IX(l, t)] == WORD(t, ME, WRITING));
				word[IX(l, t)] = WORD(t, ME, ABORTED);
				pay[IX(l, t)] = 0; t = 0; m = 0
			};
#ifndef ABORT_TELLS_SENDERS_ONLY
			wake(RECV);
#endif
#ifndef ABORT_TELLS_RECEIVERS_ONLY
			WAKE(SEND)
#endif
		:: true ->
			LOOK(RECV)
			d_step {
				assert(word[IX(l, t)] == WORD(t, ME, WRITING));
				assert(pay[IX(l, t)] == m + 1);
				word[IX(l, t)] = WORD(t, ME, READY);
				committed = committed | B(m); t = 0; m = 0
			};
			WAKE(RECV);
#if defined(DROP) && !defined(NO_DROP_WAKE)
			wake(SEND)
#endif
		fi;
		goto start
	} unless { MINE(dead) };
left:
	atomic {
		GONE_FOR_GOOD
		if
		:: COUNTED -> count[SEND]--
		:: else
		fi;
		queued = queued & ~B(id);
		woken = woken & ~B(id);
		t = 0; m = 0; w = 0; ok = 0; n = 0
	};
	leave(SEND, senders, RECV);
#ifdef HANGUP
	(false)
#else
	!MINE(gone);
	goto start
#endif
}

/* ---- a receiver: ring_claim_recv() and ipcx_claim_recv(), with the wait ---- */

#define SOMETHING(w, h)	(NEWER(TICKET(w), h) || (TICKET(w) == h && \
			 STATE(w) != FREE && STATE(w) != WRITING))

/* Claims slot i, whose word was w; ok tells whether it did. */
inline claim_message(i) {
	d_step {
		ok = (word[i] == w);
		if
		:: ok ->
			word[i] = WORD(TICKET(w), ME, READING);
			assert(pay[i]);
			assert(committed & B(pay[i] - 1));
			assert(!((delivered | dropped) & B(pay[i] - 1)));
			if
			:: STATE(w) == READY ->
				/* In order, and nobody has had it before. */
				assert(!(seen & B(pay[i] - 1)));
				assert(!any_claimed[l] || NEWER(TICKET(w), last[l]));
				last[l] = TICKET(w);
				any_claimed[l] = 1
			:: else ->
				/* The owner tells whether to flag it. */
				redelivered = (OWNER(w) != KERNEL);
				assert(redelivered == ((seen & B(pay[i] - 1)) != 0))
			fi;
			/* What RECV copied to nowhere nobody has seen. */
			if
			:: !MINE(MEDIATED) -> seen = seen | B(pay[i] - 1)
			:: else
			fi
		:: else
		fi
	}
}

/*
 * Receives slot i, whose word was w and whose payload was copied: what was
 * copied is whole and nobody else's if the word is the same.
 */
#ifdef TAKE
inline take_message(at) {
	d_step {
#ifdef TAKE_BY_STORE
		ok = 1;
#else
		ok = (word[at] == w);
#endif
		if
		:: ok ->
			assert(i && i == pay[at]);
			assert(committed & B(i - 1));
			assert(!((seen | delivered | dropped) & B(i - 1)));
			assert(!any_claimed[l] || NEWER(TICKET(w), last[l]));
			last[l] = TICKET(w);
			any_claimed[l] = 1;
			delivered = delivered | B(i - 1);
			seen = seen | B(i - 1);
			pay[at] = 0;
			word[at] = WORD(ADD(h, N), NOBODY, FREE)
		:: else
		fi
	}
}
#endif

/* Who waits for the end does not any more. */
#ifdef HANGUP
#define END_COUNT	if \
			:: ends -> ends = 0; COUNT_END(--) \
			:: else \
			fi;
#else
#define END_COUNT
#endif
#ifdef END_NOT_COUNTED
#define COUNT_END(by)
#else
#define COUNT_END(by)	count[SEND]by
#endif

proctype Receiver(byte id) {
	byte h, i, l, e, o;
	short w;
	bit ok, n, redelivered, ends;
start:
	{
		e = epoch;
		o = done;
		if
		:: e != o ->
			do
			:: i < SLOTS ->
				w = word[i];
				if
				:: STATE(w) == RETURNED ->
					l = i / N;
					claim_message(i);
					if
					:: ok ->
						d_step { ok = 0; h = TICKET(w); w = 0; i = 0; e = 0; o = 0 };
						goto got
					:: else -> d_step { l = 0; w = 0 }
					fi
				:: else -> w = 0
				fi;
				i++
			:: else -> break
			od;
#ifdef LATE_EPOCH
			e = epoch;
#endif
			atomic {
				if
				:: done == o -> done = e
				:: else
				fi;
				i = 0
			}
		:: else
		fi;
		d_step { e = 0; o = 0 };
look:
		l = L - 1;
lane:
		h = head[l];
		w = word[IX(l, h)];
		if
		:: TICKET(w) == h && STATE(w) == READY ->
			claim_message(IX(l, h));
			w = 0;
			if
			:: ok ->
				ok = 0;
				move_on(head[l], h);
				goto got
			:: else -> h = 0; goto look
			fi
#ifdef TAKE
		:: TICKET(w) == h && STATE(w) == READY && !MINE(MEDIATED) ->
			i = pay[IX(l, h)];
			take_message(IX(l, h));
			d_step { w = 0; i = 0 };
			if
			:: ok ->
				ok = 0;
				move_on(head[l], h);
				d_step { h = 0; l = 0 };
				wake(SEND);
				goto start
			:: else -> h = 0; goto look
			fi
#endif
		:: TICKET(w) == h && STATE(w) == ABORTED ->
			d_step {
				ok = (word[IX(l, h)] == w);
				if
				:: ok -> word[IX(l, h)] = WORD(ADD(h, N), NOBODY, FREE)
				:: else
				fi;
				w = 0
			};
			if
			:: ok ->
				ok = 0;
				up_head(l, ADD(h, 1));
				h = 0;
#ifndef SKIP_IN_SILENCE
				wake(SEND)
#endif
			:: else -> h = 0
			fi;
			goto look
		:: (TICKET(w) == h && (STATE(w) == READING || STATE(w) == RETURNED)) ||
		   NEWER(TICKET(w), h) ->
			help_head(l, h, w);
			d_step { h = 0; w = 0 };
			goto look
		:: else ->
			d_step { h = 0; w = 0 };
			if
			:: l > 0 -> l--; goto lane
			:: else
			fi
		fi;

		/* Nothing: WAIT, or poll. */
		atomic {
			queued = queued | B(id);
			if
			:: !MINE(POLLERS) -> count[RECV]++
			:: else
			fi
		};
sleep:
		atomic {
			if
			:: MINE(woken) && !MINE(POLLERS) -> COUNT_ANEW(RECV)
			:: else
			fi;
			woken = woken & ~B(id)
		};
#if POLLERS
		if :: MINE(POLLERS) -> armed[RECV] = 1 :: else fi;
#endif
#ifdef HANGUP
		if
		:: hangup[RECV] && !ends && !MINE(POLLERS) ->
			d_step {
				ends = 1; COUNT_END(++)
			}
#if POLLERS
		:: hangup[RECV] && MINE(POLLERS) -> armed[SEND] = 1
#endif
		:: else
		fi;
		n = hangup[RECV];
#endif
#ifndef NO_RECHECK
		e = epoch;
		d_step { ok = (e != done); e = 0; l = 0 };
		do
		:: !ok && l < L ->
			h = head[l];
			d_step {
				w = word[IX(l, h)];
				ok = SOMETHING(w, h);
				w = 0; h = 0; l++
			}
		:: else -> break
		od;
		l = 0;
#ifdef HANGUP
		if
		:: !ok && n ->
			/* drained? */
#ifdef END_BEFORE_REPAIR
			o = 0;
#else
			o = repairing;
#endif
			do
			:: !o && i < SLOTS ->
				d_step {
					w = word[i];
					o = (STATE(w) != FREE && STATE(w) != ABORTED);
					w = 0; i++
				}
			:: else -> break
			od;
			atomic {
				i = 0;
				/* The end (-EPIPE) comes after the last message. */
				assert(o || !(committed & ~(delivered | dropped)));
			};
			if
			:: !o -> goto left
			:: else -> o = 0
			fi
		:: else
		fi;
		n = 0;
#endif
#endif
		if
		:: !ok -> MINE(woken); goto sleep
		:: else
		fi;
		d_step {
			ok = 0;
			END_COUNT
			if
			:: COUNTED && !MINE(POLLERS) -> count[RECV]--
			:: else
			fi;
			queued = queued & ~B(id); woken = woken & ~B(id)
		};
		goto start;

got:
		STALL
		if
		:: MINE(MEDIATED) && givebacks < GIVEBACKS ->
			givebacks++;
			/* RECV could not copy it out. */
#ifndef GIVE_BACK_EPOCH_FIRST
			word[IX(l, h)] = WORD(h, (redelivered -> NOBODY : KERNEL), RETURNED);
			epoch++;
#else
			epoch++;
			word[IX(l, h)] = WORD(h, (redelivered -> NOBODY : KERNEL), RETURNED);
#endif
			d_step { h = 0; l = 0; redelivered = 0 };
#ifndef GIVE_BACK_IN_SILENCE
			wake(RECV);
			wake(SEND);
#endif
			if
			:: goto start
			:: idle = idle | B(id); (false)	/* -EFAULT, and never again */
			fi
		:: true ->
			LOOK(SEND)
			d_step {
				assert(word[IX(l, h)] == WORD(h, ME, READING));
				assert(pay[IX(l, h)]);
				assert(!(delivered & B(pay[IX(l, h)] - 1)));
				delivered = delivered | B(pay[IX(l, h)] - 1);
				seen = seen | B(pay[IX(l, h)] - 1);
				pay[IX(l, h)] = 0;
				word[IX(l, h)] = WORD(ADD(h, N), NOBODY, FREE);
				h = 0; l = 0; redelivered = 0
			};
			WAKE(SEND)
		fi;
		goto start
	} unless { MINE(dead) };
left:
	atomic {
		GONE_FOR_GOOD
		if
		:: COUNTED && !MINE(POLLERS) -> count[RECV]--
		:: else
		fi;
		END_COUNT
		queued = queued & ~B(id); woken = woken & ~B(id);
		h = 0; i = 0; l = 0; e = 0; o = 0; w = 0;
		ok = 0; n = 0; redelivered = 0; ends = 0
	};
	leave(RECV, receivers, SEND);
#ifdef HANGUP
	(false)
#else
	!MINE(gone);
	goto start
#endif
}

/* ---- the repair work: kmod/attach.c, ipcx_ring_repair() ---- */

#define OF(w, set)	(OWNER(w) != NOBODY && OWNER(w) != KERNEL && \
			 ((set) & B(OWNER(w) - 1)))

inline free_ids() {
	d_step {
		i = 0;
		do
		:: i < SLOTS ->
			assert(!(OF(word[i], noted) && (STATE(word[i]) == WRITING ||
							STATE(word[i]) == READING)));
			i++
		:: else -> break
		od;
		i = 0;
		gone = gone & ~noted; dead = dead & ~noted
	}
}

proctype Repair() {
	byte noted, i, nr;
	short w;
	bit any;
again:
#ifdef PENDING_WHILE_RUNNING
	pending;
#else
	atomic { pending -> pending = 0 };
#endif
	noted = gone;
#ifdef FREE_IDS_EARLY
	d_step { gone = gone & ~noted; dead = dead & ~noted };
#endif
	do
	:: i < SLOTS ->
		w = word[i];
		if
		:: OF(w, noted) && STATE(w) == WRITING ->
			d_step {
				assert(word[i] == w);
				word[i] = WORD(TICKET(w), NOBODY, ABORTED);
				pay[i] = 0; any = 1
			}
		:: OF(w, noted) && STATE(w) == READING ->
#ifdef EPOCH_FIRST
			epoch++;
#endif
			d_step {
				assert(word[i] == w);
				word[i] = WORD(TICKET(w), NOBODY, RETURNED);
				any = 1
			};
#ifndef EPOCH_FIRST
			epoch++
#endif
		:: else
		fi;
		d_step { w = 0; i++ }
	:: else -> break
	od;
	atomic {
		i = 0;
		do
		:: i < PEERS -> nr = nr + ((noted >> i) & 1); i++
		:: else -> break
		od;
		i = 0
	};
	d_step { repairing = repairing - nr; nr = 0 };
#ifdef REPAIR_TELLS_RECEIVERS_ONLY
	wake_dir(RECV);
#elif defined(REPAIR_TELLS_WHAT_IT_FOUND)
	if :: any -> wake_all() :: else fi;
#else
	wake_all();
#endif
	free_ids();
#ifdef PENDING_WHILE_RUNNING
	d_step { noted = 0; any = 0; pending = 0 };
#else
	d_step { noted = 0; any = 0 };
#endif
	goto again
}

#define MORTAL(i)	((i) < PEERS && !((dead | idle | stalled | MEDIATED) & B(i)))

proctype Killer() {
	do
	:: kills < KILLS ->
		atomic {
			if
			:: MORTAL(0) -> dead = dead | B(0)
			:: MORTAL(1) -> dead = dead | B(1)
			:: MORTAL(2) -> dead = dead | B(2)
			:: MORTAL(3) -> dead = dead | B(3)
			fi;
			kills++
		}
	:: else -> break
	od
}

/* ---- what must hold when nobody can take a step any more ---- */

#define ASLEEP(set)	(queued & ~woken & (set))

proctype Monitor() {
	byte l, t, i, c;
	bit message, reading;

	timeout;
	d_step {
		assert(!pending && !repairing && !gone && !dead);
		do
		:: i < SLOTS ->
			message = message || STATE(word[i]) == RETURNED;
			/* No claim outlives its owner. */
			if
			:: STATE(word[i]) == WRITING || STATE(word[i]) == READING ->
				reading = reading || STATE(word[i]) == READING;
				assert(OWNER(word[i]) != KERNEL && OWNER(word[i]) != NOBODY);
				assert(stalled & B(OWNER(word[i]) - 1))
			:: else
			fi;
			i++
		:: else -> break
		od;
		do
		:: l < L ->
			t = head[l];
			c = 0;
			do
			:: c < 2 * N && STATE(word[IX(l, t)]) != READY &&
			   SOMETHING(word[IX(l, t)], t) -> t = ADD(t, 1); c++
			:: else -> break
			od;
			message = message || (TICKET(word[IX(l, t)]) == t &&
					      STATE(word[IX(l, t)]) == READY);
			l++
		:: else -> break
		od;
		/* No receiver sleeps beside a message. */
		assert(!(ASLEEP(RECEIVERS) && message));
		/* None is lost: with all of them asleep all has come. */
		assert(!ASLEEP(RECEIVERS) || stalled ||
		       !(committed & ~(delivered | dropped)));

		/* No sender sleeps beside room. */
		i = 0;
		do
		:: i < S ->
			l = i % L;
			t = tail[l];
			c = 0;
			do
			:: c < 2 * N && ((TICKET(word[IX(l, t)]) == t &&
					  STATE(word[IX(l, t)]) != FREE) ||
					 NEWER(TICKET(word[IX(l, t)]), t)) ->
				t = ADD(t, 1); c++
			:: else -> break
			od;
			assert(!ASLEEP(B(i)) || FULL(word[IX(l, t)], t));
			i++
		:: else -> break
		od;
#ifdef HANGUP
		assert(!(senders == 0 && !reading && ASLEEP(RECEIVERS)));
		assert(!(receivers == 0 && ASLEEP(SENDERS)));
#endif
		/* The counts are of those who sleep. */
		i = 0;
		do
		:: i < PEERS ->
			if
			:: (queued & B(i) & SENDERS) -> count[SEND]--
			:: (queued & B(i) & RECEIVERS & ~POLLERS) ->
				count[RECV]--;
#if defined(HANGUP) && !defined(END_NOT_COUNTED)
				if
				:: hangup[RECV] -> count[SEND]--
				:: else
				fi
#endif
			:: else
			fi;
			i++
		:: else -> break
		od;
		assert(count[SEND] == 0 && count[RECV] == 0)
	}
}

init {
	byte i;

	atomic {
		do
		:: i < SLOTS ->
			word[IX(i / N, ADD(T0, i % N))] = WORD(ADD(T0, i % N), NOBODY, FREE);
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < L -> head[i] = T0; tail[i] = T0; i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < S -> run Sender(i, i % L); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < R -> run Receiver(S + i); i++
		:: else -> break
		od;
		run Repair();
		run Killer();
		run Monitor()
	}
}
