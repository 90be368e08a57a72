using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MudBlazor;

namespace SiemForwarder.WebConsole.Assets;

/// <summary>Writes the colours of the console as a style sheet, light and dark: the component library would put them into the page itself, which the
/// Content-Security-Policy does not allow.</summary>
internal static partial class ThemeSheet
{
    private static readonly string[] Fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Ubuntu", "Cantarell", "sans-serif"];

    private static readonly MudTheme Theme = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b5cad", Secondary = "#5b5f97", AppbarBackground = "#102a43",
            AppbarText = "#ffffff", Background = "#f4f6f9", Surface = "#ffffff",
            DrawerBackground = "#ffffff", DrawerText = "#243b53", DrawerIcon = "#486581",
            TextPrimary = "#1f2933", TextSecondary = "#52606d",
            Success = "#1b7a3d", Error = "#b42318", Warning = "#8a5300", Info = "#0b5cad",
            Divider = "#d9e2ec", LinesDefault = "#d9e2ec", TableLines = "#e4e9f0",
            LinesInputs = "#7b8794",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#7cb7f5", PrimaryContrastText = "#0b1a2a", Secondary = "#b3b6e8",
            AppbarBackground = "#0b1622", AppbarText = "#f0f4f8", Background = "#0f1923",
            Surface = "#172533", DrawerBackground = "#132130", DrawerText = "#d9e2ec",
            DrawerIcon = "#9fb3c8", TextPrimary = "#f0f4f8", TextSecondary = "#b8c4d0",
            Success = "#6fd08c", SuccessContrastText = "#0b1a2a", Error = "#ff9a8f", ErrorContrastText = "#0b1a2a", Warning = "#ffc46b",
            WarningContrastText = "#0b1a2a", Info = "#7cb7f5", InfoContrastText = "#0b1a2a",
            Divider = "#2c3f52", LinesDefault = "#2c3f52", TableLines = "#2c3f52",
            LinesInputs = "#829ab1",
        },
        Typography = new Typography { Default = new DefaultTypography { FontFamily = Fonts, FontSize = "0.9rem" } },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "8px" },
    };

    public static async Task<byte[]> WriteAsync(IServiceScopeFactory scopes, ILoggerFactory loggers)
    {
        await using var scope = scopes.CreateAsyncScope();
        await using var renderer = new HtmlRenderer(scope.ServiceProvider, loggers);
        var light = await RenderAsync(renderer, isDark: false);
        var dark = await RenderAsync(renderer, isDark: true);
        return Encoding.UTF8.GetBytes($"{light}\n{dark.Replace(":root", ":root[data-theme=dark]", StringComparison.Ordinal)}\n");
    }

    private static Task<string> RenderAsync(HtmlRenderer renderer, bool isDark) => renderer.Dispatcher.InvokeAsync(async () =>
    {
        var parameters = ParameterView.FromDictionary(new Dictionary<string, object?>
        {
            [nameof(MudThemeProvider.Theme)] = Theme, [nameof(MudThemeProvider.IsDarkMode)] = isDark, [nameof(MudThemeProvider.DefaultScrollbar)] = true,
            [nameof(MudThemeProvider.ObserveSystemDarkModeChange)] = false,
        });
        var root = await renderer.RenderComponentAsync<MudThemeProvider>(parameters);
        return string.Concat(Sheets().Matches(root.ToHtmlString()).Select(sheet => sheet.Groups["css"].Value));
    });

    [GeneratedRegex("<style[^>]*>(?<css>.*?)</style>", RegexOptions.Singleline, 1000)]
    private static partial Regex Sheets();
}
