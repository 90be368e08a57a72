namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>How many rows to ask for: halved where an answer was too much, grown back slowly.</summary>
internal sealed class AdaptivePageSize
{
    private const int GoodPagesToGrow = 10;

    private readonly int usual;
    private int goodPages;

    public AdaptivePageSize(int usual) => Rows = this.usual = usual;

    public int Rows { get; private set; }

    public void Halve()
    {
        Rows = Math.Max(1, Rows / 2);
        goodPages = 0;
    }

    public void NoteGoodPage()
    {
        if (Rows < usual && ++goodPages >= GoodPagesToGrow)
        {
            Rows = Math.Min(usual, Rows * 2);
            goodPages = 0;
        }
    }
}
