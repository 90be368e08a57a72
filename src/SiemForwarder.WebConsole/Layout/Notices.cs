namespace SiemForwarder.WebConsole.Layout;

/// <summary>What the console says beside the page for a while, such as that something was deleted, whichever page comes next.</summary>
public sealed class Notices(TimeProvider time)
{
    private static readonly TimeSpan ShownFor = TimeSpan.FromSeconds(8);

    private readonly List<(string Text, DateTimeOffset Until)> all = [];

    /// <summary>Told when there is something new to say.</summary>
    public event EventHandler? Changed;

    public IReadOnlyList<string> Current => [.. all.Where(one => one.Until > time.GetUtcNow()).Select(one => one.Text)];

    public void Add(string text)
    {
        all.RemoveAll(one => one.Until <= time.GetUtcNow());
        all.Add((text, time.GetUtcNow() + ShownFor));
        Changed?.Invoke(this, EventArgs.Empty);
    }

    public void Clear()
    {
        all.Clear();
        Changed?.Invoke(this, EventArgs.Empty);
    }
}
