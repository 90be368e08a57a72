using System.Buffers;
using SiemForwarder.Destinations.Sockets;

namespace SiemForwarder.Tests.Destinations.Sockets;

/// <summary>What resend windows hold, alone and together.</summary>
public sealed class ResendWindowTests
{
    private const int Batch = 64 * 1024;

    [Fact]
    public void AWindowReachesBackSoFarInWholeBatches()
    {
        using var window = new ResendWindow(4 * Batch, ResendBudget.Unlimited);

        Fill(window, 10);

        Assert.Equal(4 * Batch, window.Bytes);
        Assert.Equal(4, window.Batches.Count());
    }

    [Fact]
    public void ManyWindowsStayWithinTheBudgetOfTheProcessAndEachKeepsItsLastBatch()
    {
        var budget = new ResendBudget(static () => 100 * Batch);
        var windows = Enumerable.Range(0, 300).Select(_ => new ResendWindow(96 * Batch, budget)).ToList();

        windows.ForEach(window => Fill(window, 96));
        windows.ForEach(window => Fill(window, 1));

        // One batch each is the least that can be sent again.
        Assert.InRange(budget.Taken, 300L * Batch, 302L * Batch);
        Assert.All(windows, window => Assert.Equal(1, window.Events));
        windows.ForEach(window => window.Dispose());
        Assert.Equal(0, budget.Taken);
    }

    [Fact]
    public void WhileThereIsRoomAWindowHoldsAllThatItMay()
    {
        var budget = new ResendBudget(static () => 1000 * Batch);
        using var one = new ResendWindow(96 * Batch, budget);
        using var two = new ResendWindow(96 * Batch, budget);

        Fill(one, 200);
        Fill(two, 200);

        Assert.Equal([96, 96], new[] { one.Events, two.Events });
    }

    private static void Fill(ResendWindow window, int batches)
    {
        for (var i = 0; i < batches; i++)
        {
            window.Remember(ArrayPool<byte>.Shared.Rent(Batch), Batch, 1);
        }
    }
}
