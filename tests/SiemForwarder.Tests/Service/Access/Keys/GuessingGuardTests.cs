using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Access.Keys;

/// <summary>Who guesses keys waits, longer each time; who has one does not.</summary>
public sealed class GuessingGuardTests
{
    private static readonly IPAddress Guesser = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Other = IPAddress.Parse("192.0.2.2");
    private readonly TestClock time = new();
    private readonly GuessingGuard guard;

    public GuessingGuardTests() => guard = new GuessingGuard(Options.Create(new AccessOptions()), time);

    [Fact]
    public void TheTenthWrongKeyOfAMinuteLocksTheAddressAloneAndEachTimeLonger()
    {
        Assert.Equal([.. Enumerable.Repeat(false, 9), true], Enumerable.Range(0, 10).Select(_ => guard.NoteWrong(Guesser, "a")).ToList());
        Assert.Equal(TimeSpan.FromMinutes(1), guard.FindWait(Guesser, "a"));
        Assert.Null(guard.FindWait(Other, "a"));

        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(guard.FindWait(Guesser, "a"));
        Guess(Guesser, 10);

        Assert.Equal(TimeSpan.FromMinutes(2), guard.FindWait(Guesser, "a"));
    }

    [Fact]
    public void WrongKeysThatComeSlowlyLockNobody()
    {
        for (var i = 0; i < 100; i++)
        {
            Guess(Guesser, 8);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Null(guard.FindWait(Guesser, null));
    }

    [Fact]
    public void AKeyThatManyAddressesGuessAtLeavesEachOneAttempt()
    {
        for (var i = 0; i < 30; i++)
        {
            guard.NoteWrong(IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"198.51.100.{i}")), "a");
        }

        Assert.Null(guard.FindWait(Guesser, "a"));
        Assert.True(guard.NoteWrong(Guesser, "a"));
        Assert.False(guard.NoteWrong(Other, "b"));
    }

    [Fact]
    public void AKeyThatAnAddressHasProvenWorksOnWhileItsNeighbourGuesses()
    {
        guard.NoteRight(Guesser, "mine");
        Guess(Guesser, 10);

        Assert.Null(guard.FindWait(Guesser, "mine"));
        Assert.NotNull(guard.FindWait(Guesser, "a"));
        Assert.NotNull(guard.FindWait(Guesser, null));
    }

    [Fact]
    public void ANetworkOfIPv6IsOneAddress()
    {
        for (var i = 1; i <= 10; i++)
        {
            guard.NoteWrong(IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"2001:db8::{i}")), null);
        }

        Assert.NotNull(guard.FindWait(IPAddress.Parse("2001:db8::99"), null));
        Assert.Null(guard.FindWait(IPAddress.Parse("2001:db8:0:1::1"), null));
    }

    [Fact]
    public void WhatIsRememberedHasABound()
    {
        for (var i = 0; i < 3 * GuessingGuard.MaxRemembered; i++)
        {
            guard.NoteWrong(new IPAddress(i), string.Create(CultureInfo.InvariantCulture, $"key {i}"));
            guard.NoteRight(new IPAddress(i), "a");
        }

        Assert.InRange(guard.Remembered, GuessingGuard.MaxRemembered, 3 * GuessingGuard.MaxRemembered);
    }

    private void Guess(IPAddress address, int times)
    {
        for (var i = 0; i < times; i++)
        {
            guard.NoteWrong(address, "a");
        }
    }
}
